"""Buttons and forms that work after a restart; `bot/chat/messages/buttons.py` has how they look."""

from bot.chat.buttons.approval import ApproveButton, DeclineButton
from bot.chat.buttons.cancel import CancelButton
from bot.chat.buttons.delete_data import DeleteButton
from bot.chat.buttons.help import HelpButton
from bot.chat.buttons.lists import PlaylistPages, ServerPages, SongPages, TopPages
from bot.chat.buttons.panel import (
    PanelChoice,
    PanelConfirmation,
    PanelOpen,
    PanelPage,
    PanelReset,
    PanelSetting,
)
from bot.chat.buttons.pending import (
    ApproveAllListed,
    ApproveListed,
    DeclineListed,
    PendingListButton,
    PendingPages,
)
from bot.chat.buttons.period import PeriodButton
from bot.chat.buttons.reason import WhyButton
from bot.chat.buttons.set_up import SetUpButton
from bot.chat.buttons.song import (
    AgainButton,
    LoveButton,
    MenuButton,
    MoreButton,
    RateButton,
    RemoveButton,
    RemoveForButton,
    RemoveNowButton,
)
from bot.chat.buttons.song_details import LyricsButton, RecipeButton
from bot.chat.buttons.song_form import ChangeButton, ReopenButton
from bot.chat.interactions.components import SafeButton, SafeSelect

BUTTONS: tuple[type[SafeButton | SafeSelect], ...] = (
    CancelButton,
    ApproveButton,
    DeclineButton,
    PendingListButton,
    PendingPages,
    ApproveListed,
    ApproveAllListed,
    DeclineListed,
    DeleteButton,
    HelpButton,
    PeriodButton,
    WhyButton,
    AgainButton,
    ChangeButton,
    ReopenButton,
    MoreButton,
    LoveButton,
    RateButton,
    MenuButton,
    RemoveButton,
    LyricsButton,
    RecipeButton,
    RemoveNowButton,
    RemoveForButton,
    SongPages,
    TopPages,
    PlaylistPages,
    ServerPages,
    PanelOpen,
    PanelPage,
    PanelSetting,
    SetUpButton,
    PanelChoice,
    PanelReset,
    PanelConfirmation,
)
"""All buttons and selects whose presses are recognized."""
